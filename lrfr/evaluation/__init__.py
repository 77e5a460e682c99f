"""How good is it? Verification, identification, image quality, and how sure we are of each number."""
