#pragma once
#include "CLinuxProcess.h"
#include "CLinuxFiles.h"
#include "CLinuxSockets.h"
