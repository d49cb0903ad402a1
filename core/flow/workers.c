#include "flow/workers.h"
