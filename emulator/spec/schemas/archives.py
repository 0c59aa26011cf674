"""Bodies of archive requests (fidelity/rest-and-archives.md 12.2)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from emulator.spec.errors import InvalidRequestError
from emulator.spec.schemas.common import Bitrate, Body, LayoutBody, Resolution, StreamMode, Text
from emulator.spec.schemas.languages import of_transcripts
from emulator.spec.schemas.reading import Reading, reading_of
from state.archive_records import ArchiveSettings
from state.layouts import BEST_FIT

INDIVIDUAL_RESOLUTION = (
    'The outputMode property is set to "individual" and you set the resolution property '
    "(which is not supported in individual stream archives)."
)


class TranscriptionProperties(Body):
    """How an archive is transcribed."""

    primary_language_code: Annotated[str, AfterValidator(of_transcripts)] = "en-US"
    has_summary: bool = False


class StartArchive(Body):
    """A new archive. There is no maxDuration: 4 h recorded is fixed."""

    session_id: Text
    has_audio: bool = True
    has_video: bool = True
    name: str | None = None
    output_mode: Literal["composed", "individual"] = "composed"
    resolution: Resolution | None = None
    layout: LayoutBody | None = None
    stream_mode: StreamMode = "auto"
    multi_archive_tag: str = ""
    max_bitrate: Bitrate | None = None
    quantization_parameter: int | None = Field(None, ge=15, le=40)
    has_transcription: bool = False
    transcription_properties: TranscriptionProperties | None = None

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        reading = reading_of(info)
        if not self.has_audio and not self.has_video and not reading.lets("archiveMedia", False):
            raise InvalidRequestError("hasAudio and hasVideo cannot both be false", "hasAudio")
        if self.output_mode == "individual":
            self._check_individual(reading)
        if self.max_bitrate is not None and self.quantization_parameter is not None:
            raise InvalidRequestError("not together with maxBitrate", "quantizationParameter")
        return self

    def _check_individual(self, reading: Reading) -> None:
        for field, value in (
            ("resolution", self.resolution),
            ("layout", self.layout),
            ("maxBitrate", self.max_bitrate),
            ("quantizationParameter", self.quantization_parameter),
        ):
            if value is not None and not reading.lets("composedOnly", field, field):
                text = INDIVIDUAL_RESOLUTION if field == "resolution" else ""
                raise InvalidRequestError("allowed with outputMode composed only", field, text=text)

    def state(self) -> ArchiveSettings:
        """Return the new archive as the rules know it."""
        transcription = self.transcription_properties
        return ArchiveSettings(
            name=self.name,
            tag=self.multi_archive_tag,
            output_mode=self.output_mode,
            stream_mode=self.stream_mode,
            has_audio=self.has_audio,
            has_video=self.has_video,
            resolution=self.resolution or "640x480",
            layout=self.layout.state() if self.layout else BEST_FIT,
            max_bitrate=self.max_bitrate,
            quantization_parameter=self.quantization_parameter,
            has_transcription=self.has_transcription,
            transcription_language=transcription.primary_language_code if transcription else "en-US",
            transcription_summary=transcription.has_summary if transcription else False,
        )
