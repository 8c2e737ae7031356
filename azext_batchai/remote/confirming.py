"""Ask before something is lost."""
from __future__ import annotations

from azure.cli.core.azclierror import RequiredArgumentMissingError


def confirm(question: str) -> bool:
    """The answer of whoever sits at the terminal. Raises RequiredArgumentMissingError when nobody does.

    az itself would say why in a warning only, which `core.only_show_errors` hides.
    """
    from knack.prompting import NoTTYException, prompt_y_n
    try:
        return prompt_y_n(question)
    except NoTTYException:
        raise RequiredArgumentMissingError('Nothing was done: there is no terminal to ask at whether it should be. '
                                           'Add --yes/-y to do it unasked.') from None
