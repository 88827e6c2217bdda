#include "brig_cell.h"
