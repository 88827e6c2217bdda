/// System calls and constants that Swift cannot import or that the C library does not wrap.
///
/// Functions return what the system call returns: -1 with errno set on failure, unless the comment says otherwise.
#pragma once

/// The symbolic name of an error number (`ENOENT`), or NULL where it has none.
const char *brig_errno_name(int number);

/// The sentence for an error number in the C locale, or NULL where it has none.
const char *brig_errno_text(int number);
