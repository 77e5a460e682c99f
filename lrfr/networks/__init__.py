"""What turns pixels into pixels or embeddings."""
