# default_runtime.py, and --show-dir draws the groups as well.
_base_ = 'default_runtime.py'
default_hooks = dict(
    visualization=dict(type='GroupVisualizationHook'))
