import { Notification } from 'electron';
import type { EndedJob } from './job-follower';
import { texts } from './texts';

/** Kept until they close: a notification that is collected as garbage loses its click. */
const shown = new Set<Notification>();

export function notify(title: string, body: string, onClick: () => void): void {
  if (!Notification.isSupported()) return;
  const notification = new Notification({ title, body });
  const forget = () => shown.delete(notification);
  notification.on('click', () => {
    forget();
    onClick();
  });
  notification.on('close', forget);
  notification.on('failed', forget);
  shown.add(notification);
  notification.show();
}

export function notifyOfEnd(job: EndedJob, onClick: () => void): void {
  notify(texts.ended[job.status], job.words, onClick);
}
