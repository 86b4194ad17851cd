"""A page to try words on a photo, on the public inferencer."""
