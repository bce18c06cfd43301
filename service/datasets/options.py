"""The options of an import: how a user wants a file or folder to be read."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema

from densearch import names
from service.datasets.sources.conversion import Conversion
from service.datasets.sources.text_encoding import Encoding
from service.datasets.splits import SplitPlan

# The modules of `service.datasets.formats` by what a user calls the format, in the order in which
# they are tried: pairs lie in folders, as classes do.
FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "masks": "masks",
        "npz": "npz",
        "cifar": "cifar",
        "idx": "idx",
        "labels": "label_table",
        "pairs": "pairs",
        "classes": "class_folders",
        "images": "plain_images",
    }
)


class _Names:
    """Accepts the names of the formats, and "auto"."""

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # noqa: ANN401 - the annotated type
        handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        return handler.generate_schema(Literal["auto", *FORMATS])


Format = Annotated[str, _Names()]

DatasetTitle = Annotated[
    str, Field(min_length=1, max_length=names.MAX_LENGTH), AfterValidator(names.checked)
]


class ImportOptions(BaseModel):
    """How to read a data set; everything but the name has a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: DatasetTitle = Field(description="What to call the set, for people.")
    format: Format = Field(
        default="auto", description='How the data are laid out; "auto" finds out by the names.'
    )
    convert: Conversion | None = Field(
        default=None, description="Convert all images; refuse what differs when left out."
    )
    size_px: int | None = Field(
        default=None, ge=1, le=4096, description="Scale and cut images to squares of this side."
    )
    storage: Literal["auto", "values", "encoded"] = Field(
        default="auto",
        description="How images are stored: as values, or as the files that came, which a "
        "training decodes. By itself: as files where those with classes or labels differ in size.",
    )
    encoding: Encoding | None = Field(
        default=None,
        description="Of file names and tables that are not in UTF-8 and do not say in what.",
    )
    skip_bad: bool = Field(
        default=False, description="Leave out files that cannot be read, and count them."
    )
    n_dims: int | None = Field(
        default=None,
        ge=1,
        le=3,
        description="Axes of a sample of a .npz: 1 signals, 2 images, 3 volumes.",
    )
    validation: float = Field(
        default=0.2, gt=0, lt=1, description="Share of samples that guide the search."
    )
    test: float = Field(default=0.2, gt=0, lt=1, description="Share of samples that judge.")
    split_seed: int = Field(default=0, ge=0, le=2**63 - 1, description="Of the draw of splits.")

    @model_validator(mode="after")
    def _leaves_some_to_train(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together leave nothing to train on")
        return self

    @model_validator(mode="after")
    def _scales_values_alone(self) -> Self:
        if self.storage == "encoded" and self.size_px is not None:
            raise ValueError(
                "size_px scales images that are stored as values: leave it or storage out"
            )
        return self

    @property
    def split_plan(self) -> SplitPlan:
        """How to draw the splits."""
        return SplitPlan(self.validation, self.test, self.split_seed)
