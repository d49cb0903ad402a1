#include "flow/cancel.h"
