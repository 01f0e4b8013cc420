import Testing

@testable import TDRCore

@Suite struct ProgressTests {
    @Test(
        "tells the share that is done, never more than all of it",
        arguments: [
            (0, 0, 0, 0, nil), (0, 4, 0, 0, 0), (2, 4, 0, 0, 0.5), (4, 4, 0, 0, 1), (0, 1, 500, 1000, 500 / 9192),
            // A file grew while it was read; others came that nobody had counted.
            (1, 1, 3000, 1000, 1), (9, 4, 0, 0, 1), (0, 1, -5, 1000, 0), (1, 1, .max, 1000, 1),
        ] as [(Int, Int, Int64, Int64, Double?)])
    func share(_ files: Int, _ filesTotal: Int, _ bytes: Int64, _ bytesTotal: Int64, _ share: Double?) {
        let meter = ProgressMeter()
        meter.begin("checking", files: filesTotal, bytes: bytesTotal)
        meter.add(files: files, bytes: bytes)
        #expect(meter.now.share == share)
    }
}
