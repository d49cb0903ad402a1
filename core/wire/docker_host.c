#include "wire/docker_host.h"
