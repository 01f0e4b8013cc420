import Couriers
import Testing

@Suite struct WebhookTests {
    @Test("signs the timestamp, a dot and the body, so that no other body and no other time pass for them")
    func signature() {
        // By: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        #expect(
            Webhook.signature(of: Array(#"{"a":1}"#.utf8), at: "1700000000", secret: Array("secret".utf8))
                == "sha256=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686")
    }

    @Test(
        "refuses an address that is not http",
        arguments: ["ftp://example.org/", "example.org", "file:///etc/passwd", ""])
    func address(_ text: String) {
        #expect(throws: CourierFault.self) {
            try Webhook(address: text, secret: nil) { 0 }
        }
    }

    @Test(
        "refuses a mail address that would change a command or a header",
        arguments: ["a@b\r\nRCPT TO:<c@d>", "a b@c", "a", "a@b@c", "<a@b>", "a,b@c", ""])
    func mail(_ text: String) {
        #expect(throws: CourierFault.self) {
            try MailCourier(relay: "localhost", sender: "a@example.org", receivers: [text])
        }
    }
}
