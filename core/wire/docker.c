#include "wire/docker.h"
