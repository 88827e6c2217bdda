// The loopback device, and the job's own terminal.

#include "cell.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

void cell_loopback_up(struct cell *cell) {
    long fd = cell_must(cell, raw3(__NR_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    struct ifreq request = {.ifr_name = "lo"};
    cell_must(cell, raw3(__NR_ioctl, fd, 0x8913 /* SIOCGIFFLAGS */, &request));
    request.ifr_flags |= IFF_UP;
    cell_must(cell, raw3(__NR_ioctl, fd, 0x8914 /* SIOCSIFFLAGS */, &request));
    raw1(__NR_close, fd);
}

/// A new pair from the job's own devpts, so that the caller's terminal is never the job's.
void cell_open_terminal(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    struct open_how how = {.flags = O_RDWR | O_NOCTTY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    long master = cell_must(cell, raw4(__NR_openat2, cell->root_fd, "dev/pts/ptmx", &how, sizeof how));
    int unlocked = 0;
    cell_must(cell, raw3(__NR_ioctl, master, TIOCSPTLCK, &unlocked));
    long slave = cell_must(cell, raw3(__NR_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    struct winsize size = {.ws_row = plan->terminal_rows, .ws_col = plan->terminal_columns};
    cell_must(cell, raw3(__NR_ioctl, slave, TIOCSWINSZ, &size));
    cell_must(cell, raw3(__NR_fchown, slave, plan->user, plan->group));
    cell->master_fd = (int)master;
    cell->slave_fd = (int)slave;
}
