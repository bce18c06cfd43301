"""A trainer of one's own: `python examples/external_trainer.py JOB [URL]`.

Submit the template "My own trainer" first, then start this program as often as you like.
"""

import sys

import torch
from torch import nn

from densearch import Client, apply_density


def split(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return noisy pictures, and what is to be made of them."""
    torch.manual_seed(seed)
    clean = nn.functional.avg_pool2d(torch.rand(32, 1, 20, 20), 5, 1)
    return clean + 0.1 * torch.randn_like(clean), clean


with Client(sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8080") as client:
    for trial in client.work(int(sys.argv[1])):
        noisy, clean = split(1)
        seen, truth = split(2 if trial.split == "validation" else 3)
        torch.manual_seed(trial.seed)
        network = nn.Sequential(nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, 1, 1))
        apply_density(network, trial.phi)
        optimizer = torch.optim.SGD(network.parameters(), lr=trial.params.get("lr", 0.01))
        loss = float("nan")
        for _ in range(trial.epochs or 10):
            optimizer.zero_grad()
            nn.functional.mse_loss(network(noisy), clean).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            with torch.no_grad():
                loss = nn.functional.mse_loss(network(seen), truth).item()
            if trial.report(loss):
                break
        trial.tell(loss)
