"""Small .onnx files, as a hostile or careless person makes them."""
import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mmseg_clipzs.export.onnx_model import SOFTWARE


def small(path, nodes=None, initializers=(), kind='UINT8', **about):
    """Write a file that labels everything 0, or with other nodes."""
    zero = helper.make_tensor('zero', TensorProto.UINT8, [1], [0])
    nodes = nodes or [
        helper.make_node('Shape', ['image'], ['batch'], start=0, end=1),
        helper.make_node('Concat', ['batch', 'size'], ['shape'], axis=0),
        helper.make_node(
            'ConstantOfShape', ['shape'], ['labels'], value=zero)]
    graph = helper.make_graph(
        nodes, 'g', [
            helper.make_tensor_value_info('image', TensorProto.UINT8, [
                'n', 3, 'h', 'w']),
            helper.make_tensor_value_info('size', TensorProto.INT64, [2])],
        [helper.make_tensor_value_info(
            'labels', getattr(TensorProto, kind), None)],
        list(initializers))
    file = helper.make_model(graph, opset_imports=[
        helper.make_opsetid('', 18), helper.make_opsetid('theirs', 1)],
        ir_version=10)
    for key, value in {**dict(
            software=SOFTWARE, classes=['cat', 'sky'],
            palette=[[0, 0, 0], [1, 2, 3]], least=[4, 4], resize=None),
            **about}.items():
        file.metadata_props.add(key=key, value=value if isinstance(
            value, str) else json.dumps(value))
    path.write_bytes(file.SerializeToString())
    return path


def external():
    """A tensor whose values would be read from a file elsewhere."""
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), 'w')
    onnx.external_data_helper.set_external_data(tensor, '../secret.bin')
    tensor.ClearField('raw_data')
    return tensor
