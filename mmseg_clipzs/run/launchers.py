"""What starts several processes of a run."""
import os

from mmseg_clipzs.utils import UserError

# launcher -> who starts its processes, their variables, and others they need
LAUNCHERS = {
    'pytorch': ('torchrun, or bash tools/dist_test.sh or dist_train.sh', {
        'RANK': 'RANK', 'WORLD_SIZE': 'WORLD_SIZE',
        'LOCAL_RANK': 'LOCAL_RANK'}, ('MASTER_ADDR', 'MASTER_PORT')),
    'slurm': ('srun, or bash tools/slurm_test.sh or slurm_train.sh', {
        'RANK': 'SLURM_PROCID', 'WORLD_SIZE': 'SLURM_NTASKS',
        'LOCAL_RANK': 'SLURM_LOCALID'}, ('SLURM_NODELIST', )),
    'mpi': ('mpirun', {
        'RANK': 'OMPI_COMM_WORLD_RANK', 'WORLD_SIZE': 'OMPI_COMM_WORLD_SIZE',
        'LOCAL_RANK': 'OMPI_COMM_WORLD_LOCAL_RANK'}, ())}


def check_launcher(launcher):
    """Check that a launcher started this process.

    Args:
        launcher (str): As for mmengine's runner, but not 'none'.

    Raises:
        UserError: It did not.
    """
    command, variables, others = LAUNCHERS[launcher]
    missing = [name for name in (*variables.values(), *others)
               if name not in os.environ]
    if missing:
        raise UserError(
            f'--launcher {launcher} is for processes that {command} starts '
            f'({missing[0]} is not set); leave it out for one process.')
