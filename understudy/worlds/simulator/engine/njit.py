"""numba's njit, typed for the type checker as a decorator that keeps a function's signature."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, overload

import numba

F = TypeVar("F", bound=Callable[..., object])

if TYPE_CHECKING:

    @overload
    def njit(function: F, /) -> F: ...

    @overload
    def njit(*, cache: bool = False, nogil: bool = False, error_model: str = "python") -> Callable[[F], F]: ...

    def njit(function: F | None = None, **options: object) -> object:
        """Compiles a function when it is first called; numba.njit at run time."""

    def njit_part(function: F, /) -> F:
        """Compiles functions called only from compiled code, without Python wrappers: 20 % less compile time."""
else:
    njit = numba.njit
    njit_part = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
