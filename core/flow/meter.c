#include "flow/meter.h"
