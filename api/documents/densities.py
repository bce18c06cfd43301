"""The densities that a job found, as figures and numbers, and how to use one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from api.dashboard.formats import number, plain
from api.dashboard.pages.density_cards import DensityCard
from api.documents.blocks import (
    Block,
    CodeBlock,
    DocumentSection,
    FigureBlock,
    TextBlock,
)
from api.documents.figures.heatmap import heatmap
from api.documents.source import DocumentSource
from densearch.names import shown
from service.states import Role

# Fixed controls are in the docs; of many groups of layers the first are drawn.
DRAWN = (Role.SEARCH, Role.TUNED)
MOST_DRAWN = 12
# Values of larger kernels fill pages: they can be downloaded.
MOST_TAPS = 15


def density_sections(source: DocumentSource) -> Iterator[DocumentSection]:
    """Yield the densities and how to use the best one; nothing of a job without any."""
    cards = [card for card in source.cards if card.study.role in DRAWN]
    if not cards:
        return
    blocks: list[Block] = [_card(card) for card in cards[:MOST_DRAWN]]
    if len(cards) > MOST_DRAWN:
        blocks.append(TextBlock(f"{len(cards) - MOST_DRAWN} more are on the job's page.", "muted"))
    yield DocumentSection("densities", "Densities", blocks)
    yield DocumentSection("use", "How to use the density", _use(source, cards))


def _card(card: DensityCard) -> FigureBlock:
    density, shape = card.density, card.shape
    what = f"{density.family}, {density.kernel_size} taps along each of {density.n_dims} axes"
    caption = (
        f"{card.label}: Phi with alpha to its left and beta above it. Colours are centred on 1, "
        f"the plain convolution ({what})."
    )
    rows = [
        ("Validation loss", number(card.study.best_value, 5)),
        ("Trained for", card.study.chosen_from or ""),
        ("Layers", ", ".join(card.layers) if density.layer else ""),
        ("alpha", plain(density.alpha)),
        ("beta", plain(density.beta) if density.beta is not None else ""),
        ("den", plain(density.den) if density.den is not None else ""),
        ("Scale", number(shape.scale, 3)),
        ("Effective radius", f"{number(shape.effective_radius, 3)} px"),
        ("Centre share", number(shape.centre_share, 3)),
    ]
    facts = [(title, words) for title, words in rows if words]
    return FigureBlock(caption, heatmap(density, f"Density of {card.label}"), facts)


def _use(source: DocumentSource, cards: Sequence[DensityCard]) -> list[Block]:
    own = _of_arm(source, cards)
    first = own[0]
    words = (
        f"The density of {first.study.name}. Apply it, train as usual, and fold it into the "
        "weights: what is left is a network of plain convolutions."
    )
    rate = next(
        (arm["params"].get("lr") for arm in source.arms if arm["name"] == first.study.name), None
    )
    lines = ["from densearch.nn import apply_density, fold", ""]
    for place, card in enumerate(own):
        lines += _lines(card, "" if len(own) == 1 else f"_{place + 1}")
    at = "" if rate is None else f"  # here it was trained at the learning rate {rate:.6g}"
    lines += [f"train(network){at}", "fold(network)"]
    decision = source.decision or {}
    against = decision["words"][:1] if decision.get("light") == "leave out" else []
    return [*map(TextBlock, against), TextBlock(words), CodeBlock("\n".join(lines), "python")]


def _of_arm(source: DocumentSource, cards: Sequence[DensityCard]) -> list[DensityCard]:
    """Return the densities of the arm in question, else of the best search, else the first."""
    answer, leading = source.answer, source.leading
    names = [answer["question"]["arm"]] if answer is not None else []
    names += [leading.name] if leading is not None else []
    for name in names:
        own = [card for card in cards if card.study.name == name]
        if own:
            return own
    return [card for card in cards if card.study.id == cards[0].study.id]


def _lines(card: DensityCard, suffix: str) -> list[str]:
    density = card.density
    layers = f", layers={[shown(name) for name in card.layers]!r}" if density.layer else ""
    if density.kernel_size > MOST_TAPS or density.n_dims > 2:
        address = f"/v1/densities/{density.id}?format=json"
        head = [f'phi{suffix} = ...  # "phi" of {address} of the server']
    else:
        head = [f"phi{suffix} = {_rows(density.phi)}"]
    return [*head, f"apply_density(network, phi{suffix}{layers})"]


def _rows(phi: Sequence[object]) -> str:
    """Write Phi in full precision, a row a line."""
    if not isinstance(phi[0], Sequence):
        return repr(list(phi))
    return "[\n" + "".join(f"    {row!r},\n" for row in phi) + "]"
