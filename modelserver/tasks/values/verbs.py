"""English verbs of what people ask to be done."""

from __future__ import annotations

from typing import Final

_WRITTEN: Final = """
accept activate add adjust allow approve archive assign attach authorise back block book borrow
bring build buy calculate call cancel change charge check clean clone close combine configure
confirm connect continue convert cook cool copy correct create deactivate decrease deduct delete
deliver deploy deposit describe dim disable disconnect dispatch distribute divide download edit
empty enable end enrol enter escalate evaluate examine exchange expand extend fasten fetch fill
find finish forbid forward freeze generate give grant heat help hire hold import increase inform
inspect install insure invite join keep launch lay let lift limit load lock look lower maintain
make manage mark merge message migrate monitor move mow mute negotiate note notify obtain open
operate order organise pack pause pay perform pick plan play postpone prefer prepare prescribe
print provide publish pull push put raise reach rebook reboot recommend record redirect refer refuel
refill refund refuse register reject release remind remove rename renew rent reorder repair
replace replicate reply report request reschedule rescue reserve reset restart restock restore
resume retry return revoke roast roll run save scale scan schedule seal search select sell send
separate serve set settle share shift ship shorten show sign silence sort split start stop stretch
submit subscribe suspend swap switch sync take tell test throw tidy transfer translate treat
trigger turn unblock undo unload unlock unsubscribe update upload use vacuum validate verify visit
wake warm warn wash water weigh withdraw write
"""
OF_WISHES: Final = tuple(_WRITTEN.split())
