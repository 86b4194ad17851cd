"""Subclasses of Gradio's components that leave no files behind."""
from abc import ABCMeta

import gradio as gr


class Unstubbed(type(gr.HTML)):
    """Metaclass of components that write nothing when they are imported.

    Gradio's own writes ``MODULE.pyi`` beside the module of each subclass,
    whose folder is this package. Subclasses with no ``EVENTS`` of their own
    need nothing else of it.
    """

    def __new__(cls, name, bases, attributes):
        return ABCMeta.__new__(cls, name, bases, attributes)
