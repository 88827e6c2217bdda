/// The probe: one static program that tries, from inside a job, what tests want to see tried. It needs nothing of the image it runs in.
///
///     probe COMMAND [ARGUMENT...] [, COMMAND [ARGUMENT...]]...
///
/// Every attempt prints one line: `NAME = VALUE` where the call succeeded, `NAME = -1 ERRNO` where it failed. Facts are printed as
/// `NAME: TEXT`. The exit status is 0 whenever the attempts were made, whatever came of them; 2 for a mistake in the command line.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/// A command takes its arguments, without its own name, ended by NULL.
struct command {
    const char *name;
    int arguments; // at least so many
    void (*run)(int count, char **arguments);
    const char *help;
};

/// Tables of the files, each ended by an entry without a name.
extern const struct command process_commands[], call_commands[], kept_commands[], file_commands[], fact_commands[];

/// Prints the line for a call that returned `value` (with errno where it is -1).
void result(const char *name, long value);

/// A number in decimal, octal (0...) or hexadecimal (0x...).
unsigned long number(const char *text);

/// Sleeps, through signals and stops, until so many seconds have passed.
void pause_for(double seconds);
