import Pages
import Testing

/// Texts in pages.
@Suite struct HTMLTests {
  @Test func `texts are escaped, HTML is not`() {
    let text = #"<script>alert("a & b's")</script>"#
    let html: HTML = "<p title=\"\(text)\">\(text)</p>"
    let escaped = "&lt;script&gt;alert(&quot;a &amp; b&#39;s&quot;)&lt;/script&gt;"
    #expect(html.source == "<p title=\"\(escaped)\">\(escaped)</p>")
    #expect(("<b>\(html)</b>" as HTML).source == "<b>\(html.source)</b>")
    #expect(("\(["<i>1</i>", "<i>2</i>"] as [HTML])" as HTML).source == "<i>1</i>\n<i>2</i>")
  }

  @Test func `numbers keep all their digits`() {
    #expect(("\(0.1 + 0.2) \(-7)" as HTML).source == "0.30000000000000004 -7")
  }

  @Test func `characters that no page may hold are replaced, others are kept`() {
    #expect(("\("a\u{0}b\u{1B}c\u{85}\td\né€🏥")" as HTML).source == "a\u{FFFD}b\u{FFFD}c\u{FFFD}\td\né€🏥")
  }
}
