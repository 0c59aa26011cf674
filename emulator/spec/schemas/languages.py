"""Languages that the service knows: what captions listen to, and what transcripts of archives are written in.

The lists of Vonage's own OpenAPI document (github.com/api-evangelist/vonage, openapi/_original/
vonage-video-openapi.yml, schemas `Start-Live-Captions` and `Transcription-Properties`). Codes are compared in any case:
a callback tells them in lower case (fidelity/broadcasts-sip-captions-renders-callbacks.md 3.1).
"""

from __future__ import annotations

from collections.abc import Mapping

CAPTIONS = (
    "af-ZA ar-AE ar-SA ca-ES cs-CZ da-DK de-CH de-DE el-GR en-AB en-AU en-GB en-IE en-IN en-NZ en-US en-WL "
    "en-ZA es-ES es-US eu-ES fa-IR fi-FI fr-CA fr-FR gl-ES he-IL hi-IN hr-HR id-ID it-IT ja-JP ko-KR lv-LV "
    "ms-MY nl-NL no-NO pl-PL pt-BR pt-PT ro-RO ru-RU sk-SK so-SO sr-RS sv-SE th-TH tl-PH uk-UA vi-VN zh-CN "
    "zh-HK zh-TW zu-ZA"
).split()

TRANSCRIPTS = (
    "af-ZA am-ET ar-AE ar-BH ar-DZ ar-EG ar-IL ar-IQ ar-JO ar-KW ar-LB ar-MA ar-MR ar-OM ar-PS ar-QA ar-SA ar-SY "
    "ar-TN ar-YE az-AZ bg-BG bn-BD bn-IN bs-BA ca-ES cs-CZ da-DK de-AT de-CH de-DE el-GR en-AU en-CA en-GB en-GH "
    "en-HK en-IE en-IN en-KE en-NG en-NZ en-PH en-PK en-SG en-TZ en-US en-ZA es-AR es-BO es-CL es-CO es-CR es-DO "
    "es-EC es-ES es-GT es-HN es-MX es-NI es-PA es-PE es-PR es-PY es-SV es-US es-UY es-VE et-EE eu-ES fa-IR fi-FI "
    "fr-BE fr-CA fr-CH fr-FR gl-ES gu-IN hi-IN hr-HR hu-HU hy-AM id-ID is-IS it-CH it-IT iw-IL ja-JP jv-ID ka-GE "
    "kk-KZ km-KH kn-IN ko-KR lo-LA lt-LT lv-LV mk-MK ml-IN mn-MN mr-IN ms-MY my-MM ne-NP nl-BE nl-NL no-NO pl-PL "
    "pt-BR pt-PT ro-RO ru-RU rw-RW si-LK sk-SK sl-SI sq-AL sr-RS st-ZA su-ID sv-SE sw-KE sw-TZ ta-IN ta-LK ta-MY "
    "ta-SG te-IN th-TH tr-TR ts-ZA uk-UA ur-IN ur-PK uz-UZ ve-ZA vi-VN xh-ZA zu-ZA"
).split()

_CAPTIONS: Mapping[str, str] = {code.lower(): code for code in CAPTIONS}
_TRANSCRIPTS: Mapping[str, str] = {code.lower(): code for code in TRANSCRIPTS}


def of_captions(value: str) -> str:
    """Return the code as it is documented. Raises `ValueError`, which names them all."""
    return _known(value, _CAPTIONS)


def of_transcripts(value: str) -> str:
    """Return the code as it is documented. Raises `ValueError`, which names them all."""
    return _known(value, _TRANSCRIPTS)


def _known(value: str, codes: Mapping[str, str]) -> str:
    if value.lower() not in codes:
        raise ValueError(f"must be one of {', '.join(codes.values())}")
    return codes[value.lower()]
