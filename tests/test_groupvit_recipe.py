"""The pretraining configs have the published settings (tests/facts)."""
import math
from pathlib import Path

import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, init_default_scope
from mmseg.registry import MODELS, TRANSFORMS

ROOT = Path(__file__).parents[1]
FACTS = yaml.safe_load((ROOT / 'tests/facts/groupvit.yml').read_text())


@pytest.fixture(params=FACTS['models'])
def recipe(request):
    cfg = Config.fromfile(
        ROOT / f'configs/groupvit_pretrain_{request.param}.py')
    return cfg, FACTS['models'][request.param]


def iterations(facts):
    """Whole global batches per epoch."""
    return sum(FACTS['pairs'][name] for name in facts['sets']) // (
        FACTS['global batch'])


def test_data(recipe):
    cfg, facts = recipe
    dataset = cfg.train_dataloader.dataset
    assert [url.split('/')[0] for url in dataset.urls] == facts['sets']
    for url, name in zip(dataset.urls, facts['sets']):
        shards = int(url.partition('..')[2][:6]) + 1
        assert shards == math.ceil(FACTS['pairs'][name] / 10_000)
    head = Path(cfg.filename).read_text().partition('_base_')[0]
    assert f'{facts["voc"]} mIoU' in head
    pairs = sum(FACTS['pairs'][name] for name in facts['sets'])
    assert f'{pairs / 1e6:.1f} M' in head.replace('\n# ', ' ')
    assert '16 processes x 256' in head.replace('\n# ', ' ')


def test_batch_length_and_learning_rate(recipe):
    cfg, facts = recipe
    batch, length = FACTS['global batch'], iterations(facts)
    assert cfg.auto_scale_lr == dict(enable=True, base_batch_size=batch)
    assert 16 * cfg.train_dataloader.batch_size == batch
    assert cfg.train_cfg.val_interval == length
    total = FACTS['epochs'] * length
    assert cfg.train_cfg.max_iters == total
    lr = FACTS['learning rate']
    assert cfg.optim_wrapper.optimizer.lr == lr
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    schedulers = [PARAM_SCHEDULERS.build(
        dict({'end': total}, **scheduler),
        default_args=dict(optimizer=optimizer))
        for scheduler in cfg.param_scheduler]
    rates, group = [], optimizer.param_groups[0]
    for _ in range(total):
        rates.append(group['lr'])
        optimizer._global_step += 1  # instead of a step
        for scheduler in schedulers:
            scheduler.step()
    warm = FACTS['warm-up epochs'] * length
    assert rates[0] == pytest.approx(FACTS['warm-up from'])
    assert rates[warm // 2] == pytest.approx(lr / 2, rel=.01)
    assert abs(rates.index(max(rates)) - warm) <= 2
    low = FACTS['cosine to']
    for place in (warm, total // 4, total // 2, 3 * total // 4, total - 1):
        cosine = math.cos(math.pi * place / total)  # of the whole run
        assert rates[place] == pytest.approx(
            low + (lr - low) * (1 + cosine) / 2, rel=.01)


def test_optimizer(recipe):
    cfg, _ = recipe
    wrapper, facts = cfg.optim_wrapper, dict(FACTS['optimizer'])
    assert wrapper.clip_grad == dict(max_norm=FACTS['gradient norm'])
    init_default_scope('mmseg')
    model = torch.nn.ModuleDict(dict(
        layer=torch.nn.Linear(2, 2), norm=torch.nn.LayerNorm(2)))
    model.group_token = torch.nn.Parameter(torch.zeros(1, 2, 2))
    built = build_optim_wrapper(model, wrapper)
    assert type(built.optimizer).__name__ == facts.pop('type')
    decays = {id(group['params'][0]): group['weight_decay']
              for group in built.optimizer.param_groups}
    assert {name: decays[id(parameter)] > 0
            for name, parameter in model.named_parameters()} == {
        'group_token': True, 'layer.weight': True, 'layer.bias': False,
        'norm.weight': False, 'norm.bias': False}
    for key in ('betas', 'eps', 'weight_decay'):
        value = built.optimizer.defaults[key]
        assert value == (tuple(facts[key]) if key == 'betas' else facts[key])
    # Mixed precision: 16 bit within the context.
    with built.optim_context(model):
        assert model['layer'](torch.zeros(1, 2)).dtype == torch.bfloat16


def test_augmentation(recipe):
    cfg, _ = recipe
    augment, = [step for step in cfg.train_dataloader.dataset.pipeline
                if step.type == 'TimmAugment']
    settings = {key: list(value) if isinstance(value, tuple) else value
                for key, value in augment.items()}
    assert settings == dict(FACTS['augmentation'], type='TimmAugment',
                            size=FACTS['image'])
    assert cfg.model.data_preprocessor.size == (FACTS['image'], ) * 2
    transform = TRANSFORMS.build(augment)
    mean = cfg.model.data_preprocessor.mean
    assert transform.mean == pytest.approx(mean)  # of erased pixels
    assert transform.std == pytest.approx(cfg.model.data_preprocessor.std)


def test_model(recipe):
    cfg, _ = recipe
    pack = cfg.train_dataloader.dataset.pipeline[-1]
    assert pack.num_nouns == cfg.model.num_nouns == FACTS['nouns']
    assert pack.context_length == FACTS['context length']
    init_default_scope('mmseg')
    image = MODELS.build(cfg.model.backbone)
    text = MODELS.build(cfg.model.text_backbone)
    stages = image.stages
    assert [len(stage.blocks) for stage in stages] == FACTS['depths']
    assert [0 if stage.group_token is None else stage.group_token.size(1)
            for stage in stages] == FACTS['group tokens']
    assert [stage.grouping.mlp_inter.fc2.out_features
            for stage in stages[:2]] == FACTS['output groups']
    assert image.embed_dims == FACTS['width']
    assert stages[0].blocks[0].attn.num_heads == FACTS['heads']
    last = stages[-1].blocks[-1].ls_1
    assert last.drop_prob == pytest.approx(FACTS['stochastic depth'])
    assert text.embed_dims == FACTS['text width']
    assert len(text.transformer.resblocks) == FACTS['text depth']
    assert text.context_length == FACTS['context length']
