import { Notification } from 'electron';
import type { EndedJob } from './job-follower';
import { texts } from './texts';

/** Kept until they close: a notification that is collected as garbage loses its click. */
const shown = new Set<Notification>();

/** Tells that a job is over. */
export function notifyOfEnd(job: EndedJob, onClick: () => void): void {
  if (!Notification.isSupported()) return;
  const notification = new Notification({ title: texts.ended[job.status], body: job.words });
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
