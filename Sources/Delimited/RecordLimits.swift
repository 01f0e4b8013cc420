/// How much one record may hold. What is larger is refused before it is kept.
package struct RecordLimits: Sendable {
    /// Bytes of one field.
    package var field = 256 << 10
    /// Fields of one record.
    package var fields = 512
    /// Bytes of one record.
    package var record = 2 << 20

    /// The usual limits.
    package init() {}
}
