// Tells systemd (sd_notify(3)) how a daemon is doing; does nothing where nobody listens.
//
// SPDX-License-Identifier: MIT

#pragma once

namespace tool {

void tellReady();
void tellStopping();

}  // namespace tool
