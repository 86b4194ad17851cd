"""Arguments of the commands that train toy networks."""
import logging
import os
from dataclasses import fields

from .arguments import add_output


def add_recipe(parser, architecture, recipe, descriptions):
    """Add an option for each field of a recipe, and those of all trainings.

    Args:
        parser (ArgumentParser): Gets the options.
        architecture (str): Name of the network.
        recipe (type): Dataclass of hyperparameters.
        descriptions (dict[str, str]): Help for each field.
    """
    add_output(
        parser, '--out', default=f'work_dirs/{architecture}.safetensors',
        help='weights to write (float16)')
    for field in fields(recipe):
        parser.add_argument(
            f'--{field.name.replace("_", "-")}', type=field.type,
            default=field.default, help=descriptions[field.name],
            choices=['bf16', 'fp32'] if field.name == 'precision' else None)
    parser.add_argument('--workers', type=int, default=os.cpu_count(),
                        help='processes that draw scenes; 0 disables them')
    parser.add_argument('--save-every', type=int, default=200,
                        help='steps between checkpoints')
    parser.add_argument('--resume', action='store_true',
                        help='continue from OUT.checkpoint if it exists')


def run_recipe(args, recipe, train):
    """Train with the recipe of the command line.

    Args:
        args (Namespace): Of a parser that :func:`add_recipe` has prepared.
        recipe (type): The same dataclass.
        train (Callable): (out, recipe, workers, save_every, resume).
    """
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    recipe = recipe(**{field.name: getattr(args, field.name)
                       for field in fields(recipe)})
    train(args.out, recipe, args.workers, args.save_every, args.resume)
