#pragma once

// A source of the user's that includes dividere and is not the one that defines the macro.
// True if a message sent by a Publisher reached a Subscriber.
bool exchangeGreeting();
