/* simulated_rules - the rules that hold at every moment of a deployment in the simulated host. */
#ifndef S3DOCK_TESTS_KIT_SIMULATED_RULES_H
#define S3DOCK_TESTS_KIT_SIMULATED_RULES_H

#include "kit/simulated_host.h"

void rules_breach(struct simulated_host *sim, const char *text);
void rules_begin(struct simulated_host *sim);
/* After each call. */
void rules_check(struct simulated_host *sim);
void rules_check_signal(struct simulated_host *sim, struct sim_container *container,
                        const char *signal);
/* The remaining requests of a container are ended. */
void rules_check_cut(struct simulated_host *sim, const struct sim_container *container);
void rules_check_remove(struct simulated_host *sim, const struct sim_container *container,
                        bool never_ran);
/* Returns true if the daemon starts the container at its own start. */
bool rules_boots(const struct sim_container *container);

#endif
