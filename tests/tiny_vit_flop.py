"""Operations of the tiny ViT, counted by hand."""
WIDTH, LAYERS, PATCH, EMBED = 64, 3, 16, 24  # of tiny-vit.json


def vit_flop(patches):
    """Operations of the tiny ViT with the last block 'clip', by hand."""
    tokens, w = 1 + patches, WIDTH
    conv = 2 * patches * w * 3 * PATCH**2
    qkv = 2 * tokens * w * 3 * w
    block = (qkv + 4 * tokens * tokens * w  # q k and its product with v
             + 2 * tokens * w * w  # out_proj
             + 2 * 2 * tokens * w * 4 * w)  # mlp
    # After attention, the last block has only the patches.
    last = qkv + 4 * patches * tokens * w + (2 + 16) * patches * w * w
    return conv + (LAYERS - 1) * block + last + 2 * patches * w * EMBED
