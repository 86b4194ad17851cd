from .student import export_config, export_student, export_weights

__all__ = ['export_config', 'export_student', 'export_weights']
