"""Tiny models of transformers with random weights, as folders."""
import torch


def write_sam3(folder, seed=0):
    """A SAM 3 of 1.8 M parameters, most of them CLIP's words.

    Args:
        folder (Path): Where to.
        seed (int): Of its weights.

    Returns:
        Sam3Model: The model, float32.
    """
    from transformers import Sam3Config, Sam3Model
    layers = dict(hidden_size=32, num_layers=1, num_attention_heads=2,
                  intermediate_size=32, dropout=0.)
    vit = dict(
        model_type='sam3_vit_model', hidden_size=32, intermediate_size=64,
        num_hidden_layers=2, num_attention_heads=2, image_size=56,
        patch_size=14, window_size=2, global_attn_indexes=[1],
        pretrain_image_size=28, initializer_range=.2)
    text = dict(
        model_type='clip_text_model', hidden_size=32, intermediate_size=32,
        num_hidden_layers=1, num_attention_heads=2, projection_dim=16,
        vocab_size=49408, max_position_embeddings=32)
    config = Sam3Config(
        vision_config=dict(
            backbone_config=vit, fpn_hidden_size=32,
            backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]]),
        text_config=text, geometry_encoder_config=layers,
        detr_encoder_config=layers,
        detr_decoder_config=dict(layers, num_queries=5),
        mask_decoder_config=dict(hidden_size=32, num_attention_heads=2))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Sam3Model(config).eval()
        for weight in model.parameters():  # far from all alike
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=.15)
    model.save_pretrained(folder)
    return model


def write_tipsv2(folder, seed=0):
    """A TIPSv2 of two layers whose tokens are letters.

    Args:
        folder (Path): Where to.
        seed (int): Of its weights.

    Returns:
        Tipsv2Model: The model, float32.
    """
    from transformers import Tipsv2Config, Tipsv2Model, Tipsv2Tokenizer
    letters = '▁abcdefghijklmnopqrstuvwxyz.,-'
    vocabulary = {'<pad>': 0, '<unk>': 1, **{
        letter: 2 + i for i, letter in enumerate(letters)}}
    config = Tipsv2Config(
        vision_config=dict(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
            image_size=56, patch_size=14, layerscale_value=.5),
        text_config=dict(
            vocab_size=len(vocabulary), hidden_size=32, intermediate_size=32,
            num_hidden_layers=2, num_attention_heads=2))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Tipsv2Model(config).eval()
        for weight in model.parameters():
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=.15)
    model.save_pretrained(folder)
    Tipsv2Tokenizer(vocab=vocabulary, merges=[]).save_pretrained(folder)
    return model
