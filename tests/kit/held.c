/*
 * held - the program in containers of scenarios.
 *
 *   held              prints a log, then runs until SIGINT or SIGTERM
 *   held exit CODE    ends
 *   held sleep SECONDS
 *   held slow SECONDS runs that long after SIGTERM
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void end(int signal)
{
    (void)signal;
    _exit(0);
}

static void note(int signal)
{
    (void)signal;
}

int main(int argc, char **argv)
{
    int number = argc > 2 ? atoi(argv[2]) : 0;

    if (argc > 2 && strcmp(argv[1], "exit") == 0)
        return number;
    if (argc > 2 && strcmp(argv[1], "sleep") == 0)
        return (int)sleep((unsigned)number);
    if (argc > 2 && strcmp(argv[1], "slow") == 0) {
        signal(SIGTERM, note);
        pause();
        return (int)sleep((unsigned)number);
    }
    signal(SIGINT, end);
    signal(SIGTERM, end);
    for (int i = 1; i <= 30; i++)
        printf("line %d\n", i);
    fflush(stdout);
    fputs("\033[31mred\033[0m text\n", stderr);
    for (;;)
        pause();
}
