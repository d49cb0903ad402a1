#include "catalog/metadata.h"
