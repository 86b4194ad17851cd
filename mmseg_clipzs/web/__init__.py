"""A page to try words on a photo, by Gradio: ``clipzs web``."""
