"""The type checker that tests/conftest.py puts on every function of the package."""

from beartype import BeartypeConf, beartype

# With PEP 484's numeric tower: where a float is wanted an int will do, as pyright has it.
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
