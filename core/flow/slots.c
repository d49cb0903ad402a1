#include "flow/slots.h"
