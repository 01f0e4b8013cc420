public import Streams

/// What the user wants of the antivirus check.
public enum AntivirusPolicy: Sendable, Hashable {
    /// clamd where it usually listens.
    case automatic
    /// clamd at this socket, or as its configuration file says.
    case clamd(BytePath)
    /// No antivirus check, on purpose: recorded with the consignment and said in the bag.
    case none
}

/// A program that judges files, and the data it judges by.
public struct EngineVersion: Sendable, Hashable {
    /// As in `ClamAV`.
    public let software: String
    /// As in `1.4.6`.
    public let softwareVersion: String
    /// As in `27000 (Mon Nov 23 08:00:00 2026)`; empty when unknown.
    public let databaseVersion: String
}

/// What an engine says of one file.
enum AntivirusVerdict: Sendable, Hashable {
    case clean
    /// The names it gives to what it found.
    case found(String)
    /// It could not say, and why. Never a pass.
    case notScanned(String)
}
