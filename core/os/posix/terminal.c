/*
 * The size of a terminal is in POSIX since 2024. The ioctl is in every Unix system.
 */
#include "os/terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

unsigned os_terminal_columns(int fd)
{
    struct winsize size;

    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool os_terminal_draws(int fd)
{
    const char *term = getenv("TERM");

    return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

int os_terminal_open(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd >= 0 && tcgetpgrp(fd) != getpgrp()) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int os_terminal_echo(int fd, bool on)
{
    struct termios state;
    bool was;

    if (tcgetattr(fd, &state) != 0)
        return -1;
    was = state.c_lflag & ECHO;
    if (on)
        state.c_lflag |= ECHO;
    else
        state.c_lflag &= ~(tcflag_t)ECHO;
    return tcsetattr(fd, TCSAFLUSH, &state) == 0 ? was : -1;
}
