#include "flow/order.h"
