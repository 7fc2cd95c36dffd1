"""The demo's business side: the contractor as a party, and a subcontractor with its papers."""

from datetime import datetime

from noroshi.tenants import filing, parties, subcontractors
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Party, Subcontractor, Tenant, User
from noroshi.tenants.parties import PartyFacts
from noroshi.tenants.subcontractors import Agreement, Entry

CONTRACTOR = PartyFacts(
    kind="body",
    name="みどりの里（デモ）協議会",
    kana="ミドリノサトキョウギカイ",
    postcode="460-0008",
    municipality_code="231002",
    address="愛知県名古屋市中区栄 1-2-3",
    representative="緑川 みのる",
    contact_name="緑川 あき",
    contact_email="aki@example.jp",
    phone="052-123-4567",
)
FIRM = PartyFacts(
    kind="sole",
    name="まもり保守サービス",
    kana="マモリホシュサービス",
    address="愛知県豊田市西町 4-5",
    representative="守 まもる",
    contact_name="守 まもる",
)
# The smallest file that says of itself that it is a PDF: one empty page.
PAPER = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""


def do_business(tenant: Tenant, staff: User, *, now: datetime) -> None:
    """Enter what is missing; safe to repeat."""
    by = Actor(staff, None)
    if tenant.party_id is None:
        party = parties.make(CONTRACTOR, Party.Standing.APPLICANT, by=by, now=now)
        reason = "契約の成立（デモ）"
        parties.change_standing(party, Party.Standing.CONTRACTOR, reason, by=by, now=now)
        parties.link(tenant, party, by=by, now=now)
    if not Subcontractor.objects.exists():
        subcontract(by, now)


def subcontract(by: Actor, now: datetime) -> None:
    """A firm that repairs, with both agreements on file."""
    party = parties.make(FIRM, Party.Standing.PARTNER, by=by, now=now)
    today = now.date()
    firm = subcontractors.enter(party, Entry(["repair"], 1, "JP", today), by=by, now=now)
    paper = filing.keep("秘密保持・個人情報の覚書.pdf", PAPER, party=party, by=by, now=now)
    signed = Agreement(today, paper)
    subcontractors.file_agreements(firm, secrecy=signed, privacy=signed, by=by, now=now)
