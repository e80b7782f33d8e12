/** The service worker: the shell of the app works without a network. Nothing anybody signed in was shown is kept. */
import { clientsClaim } from "workbox-core";
import { cleanupOutdatedCaches, precacheAndRoute, type PrecacheEntry } from "workbox-precaching";

import { OUTBOX, send } from "./field/sending";

interface Carried {
  entries: PrecacheEntry[];
  title: string;
  body: string;
  icon: string;
}

interface PushEvent extends ExtendableEvent {
  data: { json(): { path?: string } } | null;
}
interface NotificationEvent extends ExtendableEvent {
  notification: { close(): void; data?: { path?: string } };
}
interface SyncEvent extends ExtendableEvent {
  tag: string;
}
interface ExtendableEvent extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface WorkerScope {
  LINLI: Carried;
  skipWaiting(): Promise<void>;
  registration: { showNotification(title: string, options: Record<string, unknown>): Promise<void> };
  clients: {
    matchAll(options: Record<string, unknown>): Promise<{ url: string; focus(): Promise<unknown>; navigate(url: string): Promise<unknown> }[]>;
    openWindow(url: string): Promise<unknown>;
  };
  addEventListener(name: "push", listener: (event: PushEvent) => void): void;
  addEventListener(name: "sync", listener: (event: SyncEvent) => void): void;
  addEventListener(name: "notificationclick", listener: (event: NotificationEvent) => void): void;
}

const scope = self as unknown as WorkerScope;

void scope.skipWaiting();
clientsClaim();
cleanupOutdatedCaches();
// Only the shell, which is the same for everybody: other pages below /field/ belong to somebody and stay with the server.
precacheAndRoute(scope.LINLI.entries);

// The browser finds a network while the app is closed. Rejected, it asks again later.
scope.addEventListener("sync", (event) => {
  if (event.tag === OUTBOX) event.waitUntil(soon().then(sendWhatIsLeft));
});

/** A moment that differs from phone to phone: many find the network at once. */
async function soon(): Promise<void> {
  await new Promise((done) => setTimeout(done, Math.random() * 3_000));
}

async function sendWhatIsLeft(): Promise<void> {
  if (await send(true)) throw new Error("something is left");
}

scope.addEventListener("push", (event) => {
  const path = event.data?.json().path ?? "/field/";
  const options = { body: scope.LINLI.body, icon: scope.LINLI.icon, tag: path, data: { path } };
  event.waitUntil(scope.registration.showNotification(scope.LINLI.title, options));
});

scope.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const path = event.notification.data?.path ?? "/field/";
  event.waitUntil(
    scope.clients.matchAll({ type: "window", includeUncontrolled: true }).then(async (windows) => {
      const open = windows.find((each) => new URL(each.url).pathname.startsWith("/field/"));
      if (!open) return scope.clients.openWindow(path);
      await open.focus().catch(() => undefined); // not every browser lets it
      return open.navigate(path);
    }),
  );
});
