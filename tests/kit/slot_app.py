"""A small HTTP server that stands for the container in a slot: slot_app.py PORT WORD

GET /            WORD
GET /slow?S      WORD after S seconds
GET /stream?S    WORD each 100 ms for S seconds, then "end"
GET /ws          101, then WORD for each line that arrives, until the client closes
Everything else, such as a health check, is WORD, too. After SIGTERM it closes at once.
"""
import asyncio
import sys

WORD = sys.argv[2]


def seconds(target):
    return float(target.partition("?")[2] or 0)


async def stream(writer, time):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(int(time * 10)):
        writer.write(f"{len(WORD) + 1:x}\r\n{WORD}\n\r\n".encode())
        await writer.drain()
        await asyncio.sleep(0.1)
    writer.write(b"4\r\nend\n\r\n0\r\n\r\n")


async def echo(reader, writer):
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    while await reader.readline():
        writer.write(f"{WORD}\n".encode())


async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1")
            target = head.split(" ")[1]
            if target.startswith("/ws"):
                await echo(reader, writer)
                break
            if target.startswith("/stream"):
                await stream(writer, seconds(target))
                continue
            if target.startswith("/slow"):
                await asyncio.sleep(seconds(target))
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(WORD) + 1}\r\n\r\n{WORD}\n".encode())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
