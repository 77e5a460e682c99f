"""What exactly did this paper do? One file a paper: its settings and its training step."""
