# default_runtime.py, with --show-dir also drawing the groups.
_base_ = 'default_runtime.py'
default_hooks = dict(
    visualization=dict(type='GroupVisualizationHook'))
