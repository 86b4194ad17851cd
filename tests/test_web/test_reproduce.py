"""What visitors take away is what the command and the program make."""
import io
import json
import shlex
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.clip.weights import SHIPPED
from mmseg_clipzs.toy.scenes import make_scene
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.web.catalogue import Catalogue, Choice
from mmseg_clipzs.web.files import FILES, write_file, write_photo
from mmseg_clipzs.web.reproduce import (
    Settings,
    command_line,
    file_name,
    given_colours,
    python_lines,
)
from tests.programs import run_program

pytest.importorskip('pycocotools')
