#include "probe.h"

#include <time.h>

void result(const char *name, long value) {
    int error = errno;
    if (value == -1)
        printf("%s = -1 %s\n", name, strerrorname_np(error) ? strerrorname_np(error) : "unknown");
    else
        printf("%s = %ld\n", name, value);
    fflush(stdout);
}

unsigned long number(const char *text) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 0);
    if (errno || *end || end == text) {
        fprintf(stderr, "probe: %s: not a number\n", text);
        exit(2);
    }
    return value;
}

void pause_for(double seconds) {
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += (time_t)seconds;
    end.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR) {}
}

static const struct command *const tables[] = {process_commands, call_commands, kept_commands, file_commands, fact_commands};

static int usage(void) {
    fprintf(stderr, "probe COMMAND [ARGUMENT...] [, COMMAND [ARGUMENT...]]...\n");
    for (size_t table = 0; table < sizeof tables / sizeof *tables; table++)
        for (const struct command *each = tables[table]; each->name; each++) fprintf(stderr, "  %-14s %s\n", each->name, each->help);
    return 2;
}

static const struct command *find(const char *name) {
    for (size_t table = 0; table < sizeof tables / sizeof *tables; table++)
        for (const struct command *each = tables[table]; each->name; each++)
            if (!strcmp(each->name, name)) return each;
    return NULL;
}

int main(int count, char **arguments) {
    if (count < 2) return usage();
    // A child must not print its parent's lines again.
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int first = 1; first < count;) {
        int end = first;
        while (end < count && strcmp(arguments[end], ",")) end++;
        const struct command *command = end > first ? find(arguments[first]) : NULL;
        if (!command || end - first - 1 < command->arguments) return usage();
        arguments[end] = NULL;
        command->run(end - first - 1, arguments + first + 1);
        first = end + 1;
    }
    fflush(stdout);
    return 0;
}
